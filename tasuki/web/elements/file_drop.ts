// <file-drop>: files that are dropped on it, or pasted into it, go into its plain file field, which shows and sends them.
class FileDrop extends HTMLElement {
  #stop = new AbortController();

  connectedCallback(): void {
    this.#stop = new AbortController();
    const until = { signal: this.#stop.signal };
    this.addEventListener("dragover", (event) => this.#onDrag(event), until);
    this.addEventListener("dragleave", () => this.removeAttribute("data-over"), until);
    this.addEventListener("drop", (event) => this.#onDrop(event), until);
    this.addEventListener("paste", (event) => this.#onPaste(event), until);
    this.#field.addEventListener("change", () => this.#show(), until);
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  get #field(): HTMLInputElement {
    return this.querySelector<HTMLInputElement>("input[type=file]")!;
  }

  #onDrag(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.setAttribute("data-over", "");
  }

  #onDrop(event: DragEvent): void {
    this.removeAttribute("data-over");
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.#add(event.dataTransfer.files);
  }

  #onPaste(event: ClipboardEvent): void {
    if (event.clipboardData?.files.length) this.#add(event.clipboardData.files);
  }

  /** What was chosen before stays. */
  #add(files: FileList): void {
    const all = new DataTransfer();
    for (const file of [...(this.#field.files ?? []), ...files]) all.items.add(file);
    this.#field.files = all.files;
    this.#show();
  }

  #show(): void {
    const status = this.querySelector("[role=status]");
    if (status) status.textContent = [...(this.#field.files ?? [])].map((file) => file.name).join(", ");
  }
}

customElements.define("file-drop", FileDrop);
