// What is typed, and what it is looked for in, folded as core/search/folding.py folds records: in one case and width, without accents,
// hiragana as katakana, neither signs nor spaces; and a Hangul syllable is known by its initial consonant too.
const ACCENT = /[\u0300-\u036f]/g;
const HIRAGANA = /[\u3041-\u3096\u309d\u309e]/g;
const SIGN = /[^\p{L}\p{N}\p{M}@]/gu;
const SYLLABLE = /[\uac00-\ud7a3]/g;
const SYLLABLES_OF_INITIAL = 588;

function folded(text: string): string {
  const plain = text.normalize("NFKC").toLowerCase().normalize("NFD").replace(ACCENT, "").normalize("NFKC");
  return plain.replace(HIRAGANA, (kana) => String.fromCharCode(kana.charCodeAt(0) + 0x60)).replace(SIGN, "");
}

function initials(text: string): string {
  return text.replace(SYLLABLE, (one) => String.fromCharCode(0x1100 + Math.floor((one.charCodeAt(0) - 0xac00) / SYLLABLES_OF_INITIAL)));
}

/** Whether all the words that are typed stand in the name. */
export function isCalled(name: string, typed: string): boolean {
  const known = folded(name);
  const both = `${known}\n${initials(known)}`;
  return typed.split(/\s+/).every((word) => both.includes(folded(word)));
}
