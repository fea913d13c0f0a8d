// A click on a picture opens it large; arrow keys go to its neighbours, so that a photo, its truth and its
// prediction can be compared in one place. Without scripts, or in old browsers, pictures are just pictures.
(() => {
  const images = [...document.querySelectorAll("main figure > img")];
  if (!images.length || typeof HTMLDialogElement === "undefined") return;
  const make = (name, properties) => Object.assign(document.createElement(name), properties);

  const picture = make("img", {});
  const caption = make("p", {});
  const dialog = make("dialog", { className: "zoom" });
  const step = (text, label, change) => {
    const button = make("button", { type: "button", textContent: text });
    button.setAttribute("aria-label", label);
    button.addEventListener("click", change);
    return button;
  };
  let current = 0;
  const show = (index) => {
    current = (index + images.length) % images.length;
    const { src, alt, className } = images[current];
    Object.assign(picture, { src, alt, className });
    caption.textContent = alt;
  };
  const bar = make("div", { className: "zoom-bar" });
  bar.append(
    step("←", "Previous picture", () => show(current - 1)),
    caption,
    step("→", "Next picture", () => show(current + 1)),
    step("✕", "Close", () => dialog.close()),
  );
  dialog.append(picture, bar);
  dialog.setAttribute("aria-label", "Picture");
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(current - 1);
    if (event.key === "ArrowRight") show(current + 1);
  });
  document.body.append(dialog);

  images.forEach((image, index) => {
    const button = make("button", { type: "button", className: "zoom-button" });
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => {
      show(index);
      dialog.showModal();
    });
  });
})();
