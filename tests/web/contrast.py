"""Whether what is written can be told from what is behind it: axe's own judgement, asked once for all that is drawn alike.

Most of a page is drawn as on the page before: the frame, the rows of a list. An element is drawn like another when it and all that it stands
in are of the same kinds and classes, in the same colours, sizes and weights. What axe could not judge in one place is asked again in the next.
"""

from __future__ import annotations

from typing import Any

CONTRAST = """async (theme) => {
  const kept = `judged ${theme}`, judged = new Set(JSON.parse(sessionStorage.getItem(kept) ?? "[]"))
  const short = (text) => {
    let [one, other] = [0xdeadbeef, 0x41c6ce57]
    for (let nth = 0; nth < text.length; nth++) {
      one = Math.imul(one ^ text.charCodeAt(nth), 2654435761)
      other = Math.imul(other ^ text.charCodeAt(nth), 1597334677)
    }
    return (one >>> 0).toString(36) + (other >>> 0).toString(36)
  }
  const known = new Map([[null, ""]])
  const drawn = (element) => {
    if (!known.has(element)) {
      const style = getComputedStyle(element)
      const own = [element.tagName, element.getAttribute("class"), element.getAttribute("disabled"), style.color, style.backgroundColor, style.backgroundImage,
        style.opacity, style.fontSize, style.fontWeight, style.textShadow, style.position]
      known.set(element, short(drawn(element.parentElement) + own.join()))
    }
    return known.get(element)
  }
  const alike = new Map(), texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const written = new Set(document.querySelectorAll("input, select, textarea"))
  while (texts.nextNode()) if (texts.currentNode.data.trim()) written.add(texts.currentNode.parentElement)
  for (const element of written) {
    if (!element.checkVisibility({visibilityProperty: true}) || judged.has(drawn(element))) continue
    alike.set(drawn(element), [...(alike.get(drawn(element)) ?? []), element])
  }
  const violations = []
  const judge = async (include) => {
    if (!include.length) return
    const options = {runOnly: ["color-contrast"], resultTypes: ["violations", "passes"], elementRef: true}
    const said = await axe.run({include}, options)
    violations.push(...said.violations)
    for (const one of [...said.violations, ...said.passes]) for (const node of one.nodes) judged.add(drawn(node.element))
  }
  await judge([...alike.values()].map(([first]) => first))
  await judge([...alike].filter(([how]) => !judged.has(how)).flatMap(([, elements]) => elements.slice(1)))
  sessionStorage.setItem(kept, JSON.stringify([...judged]))
  return violations.map((one) => ({id: one.id, nodes: one.nodes.map((node) => ({html: node.html}))}))
}"""


def too_faint(page: Any, theme: str) -> list[Any]:
    """What axe says of the colours of the page that is open, with axe in it, as the tab has not been asked about before in this theme."""
    found: list[Any] = page.evaluate(CONTRAST, theme)
    return found
