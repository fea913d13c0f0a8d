import { el, setText, type Child, type Props } from "./el";
import { icon, type IconName } from "./icons";

let nextId = 1;

export function uniqueId(stem: string): string {
  return `${stem}-${nextId++}`;
}

interface ButtonProps {
  readonly label: string;
  /** Shown when the pointer rests on it, with its key. */
  readonly hint?: string;
  readonly icon?: IconName;
  /** The label as text beside the icon; otherwise only screen readers get it. */
  readonly text?: boolean | string;
  readonly class?: string;
  readonly press: (event: MouseEvent) => void;
  readonly attrs?: Props["attrs"];
}

export function button(props: ButtonProps, ...children: Child[]): HTMLButtonElement {
  const text = props.text === true ? props.label : props.text || null;
  return el(
    "button",
    {
      class: `button ${text ? "" : "icon-only"} ${props.class ?? ""}`.trim(),
      attrs: {
        type: "button",
        title: props.hint ?? (text === props.label ? null : props.label),
        "aria-label": text === props.label ? null : props.label,
        ...props.attrs,
      },
      on: { click: props.press },
    },
    props.icon ? icon(props.icon) : null,
    text ? el("span", { class: "button-text" }, text) : null,
    ...children,
  );
}

/** Swaps a button's icon. */
export function setIcon(target: HTMLElement, name: IconName): void {
  const old = target.querySelector(".icon");
  if (old?.getAttribute("data-name") === name) return;
  const fresh = icon(name);
  fresh.setAttribute("data-name", name);
  if (old) old.replaceWith(fresh);
  else target.prepend(fresh);
}

interface SliderProps {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly hint?: string;
  readonly format: (value: number) => string;
  readonly change: (value: number) => void;
}

export interface Slider {
  readonly element: HTMLElement;
  readonly input: HTMLInputElement;
  set(value: number): void;
}

/** A range with its name and its value. */
export function slider(props: SliderProps): Slider {
  const id = uniqueId("slider");
  const value = el("output", { class: "slider-value", attrs: { for: id } });
  const input = el("input", {
    id,
    attrs: {
      type: "range",
      min: props.min,
      max: props.max,
      step: props.step ?? 1,
      title: props.hint ?? null,
    },
  });
  const tell = (): void => {
    const text = props.format(input.valueAsNumber);
    setText(value, text);
    input.setAttribute("aria-valuetext", text);
    input.style.setProperty("--share", String((input.valueAsNumber - props.min) / (props.max - props.min)));
  };
  input.addEventListener("input", () => {
    tell();
    props.change(input.valueAsNumber);
  });
  tell();
  return {
    element: el(
      "div",
      { class: "slider" },
      el("label", { attrs: { for: id, title: props.hint ?? null } }, props.label),
      value,
      input,
    ),
    input,
    set(next) {
      if (input.valueAsNumber === next) return;
      input.value = String(next);
      tell();
    },
  };
}

export function checkbox(
  label: string,
  change: (on: boolean) => void,
  hint?: string,
): { element: HTMLElement; input: HTMLInputElement } {
  const input = el("input", { attrs: { type: "checkbox" } });
  input.addEventListener("change", () => change(input.checked));
  return {
    element: el("label", { class: "check", attrs: { title: hint ?? null } }, input, el("span", {}, label)),
    input,
  };
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [T, string])[];
  readonly change: (value: T) => void;
}

/** A few choices side by side, one of them chosen. */
export function segments<T extends string>(
  props: ChoiceProps<T>,
): { element: HTMLElement; set(value: T): void } {
  const name = uniqueId("segments");
  const inputs = props.options.map(([value]) => {
    const input = el("input", { attrs: { type: "radio", name, value } });
    input.addEventListener("change", () => props.change(value));
    return input;
  });
  const element = el(
    "fieldset",
    { class: "segments" },
    el("legend", {}, props.label),
    el(
      "div",
      { class: "segments-row" },
      ...props.options.map(([, text], i) => el("label", {}, inputs[i], el("span", {}, text))),
    ),
  );
  return {
    element,
    set(value) {
      props.options.forEach(([other], i) => {
        inputs[i].checked = other === value;
      });
    },
  };
}

export function select<T extends string>(
  props: ChoiceProps<T> & { readonly hideLabel?: boolean },
): { element: HTMLElement; input: HTMLSelectElement } {
  const id = uniqueId("select");
  const input = el(
    "select",
    {
      id,
      attrs: {
        "aria-label": props.hideLabel ? props.label : null,
        title: props.hideLabel ? props.label : null,
      },
    },
    ...props.options.map(([value, text]) => el("option", { attrs: { value } }, text)),
  );
  input.addEventListener("change", () => props.change(input.value as T));
  const element = props.hideLabel
    ? input
    : el("div", { class: "field" }, el("label", { attrs: { for: id } }, props.label), input);
  return { element, input };
}

/** A progress bar; without `share` one that only says "at work". */
export function progressBar(label: string): { element: HTMLElement; set(share: number | null): void } {
  const bar = el("div", { class: "progress-bar" });
  const element = el(
    "div",
    {
      class: "progress",
      attrs: { role: "progressbar", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100 },
    },
    bar,
  );
  return {
    element,
    set(share) {
      element.classList.toggle("endless", share === null);
      bar.style.setProperty("--share", String(share ?? 0));
      if (share === null) element.removeAttribute("aria-valuenow");
      else element.setAttribute("aria-valuenow", String(Math.round(100 * share)));
    },
  };
}

/** A window over the page, closed by Escape, its button, or a press beside it. */
export function dialog(title: string, className: string, ...children: Child[]): HTMLDialogElement {
  const id = uniqueId("dialog");
  const element = el("dialog", {
    class: `dialog ${className}`,
    attrs: { "aria-labelledby": id, tabindex: -1 },
  });
  element.append(
    el(
      "header",
      { class: "dialog-head" },
      el("h2", { id }, title),
      button({ label: "Close", icon: "close", class: "quiet", press: () => element.close() }),
    ),
    el("div", { class: "dialog-body" }, ...children.filter(Boolean)),
  );
  element.addEventListener("click", (event) => {
    if (event.target === element) element.close();
  });
  element.addEventListener("close", () => element.remove());
  document.body.append(element);
  return element;
}
