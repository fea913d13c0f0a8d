export interface DropActions {
  readonly photos: (files: readonly File[]) => void;
  readonly labels: (file: File) => void;
}

/** Files dropped anywhere on the page: one photo is tried, several are kept, label files are imported. */
export function listenToDrops(actions: DropActions): void {
  const { body } = document;
  let depth = 0;
  const mark = (by: number): void => {
    depth = Math.max(0, depth + by);
    body.classList.toggle("dropping", depth > 0);
  };
  window.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) mark(1);
  });
  window.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) mark(-1);
  });
  window.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  window.addEventListener("drop", (event) => {
    depth = 0;
    mark(0);
    const files = [...(event.dataTransfer?.files ?? [])];
    const [file] = files;
    if (!file) return;
    event.preventDefault();
    if (/\.(json|xml)$/i.test(file.name)) actions.labels(file);
    else actions.photos(files);
  });
}

function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
