import { el } from "../dom/el";
import type { FormField } from "../server/types";

type Value = FormField["value"];

export interface FormView {
  readonly element: HTMLElement;
  /** Makes the form anew, if the server describes another one. */
  show(fields: readonly FormField[]): void;
  /** What was changed, by name. */
  options(): Record<string, Value>;
}

/** The form of a job's options, made of what the server says of them. */
export function formView(): FormView {
  const rows = el("div", { class: "form-rows" });
  const element = el("details", { class: "form" }, el("summary", {}, "More choices"), rows);
  let shown: readonly FormField[] = [];
  let reads: readonly (() => Value)[] = [];
  return {
    element,
    show(fields) {
      if (JSON.stringify(fields) === JSON.stringify(shown)) return;
      shown = fields;
      const made = fields.map(fieldView);
      reads = made.map(({ read }) => read);
      rows.replaceChildren(...made.map((one) => one.element));
      element.hidden = fields.length === 0;
    },
    options: () =>
      changed(
        shown,
        reads.map((read) => read()),
      ),
  };
}

/** The values that are not those of their fields; a field that was emptied says nothing. */
export function changed(fields: readonly FormField[], values: readonly Value[]): Record<string, Value> {
  const pairs = fields.map((field, i) => [field, values[i] ?? null] as const);
  return Object.fromEntries(
    pairs
      .filter(([field, value]) => value !== null && JSON.stringify(value) !== JSON.stringify(field.value))
      .map(([field, value]) => [field.name, value]),
  );
}

/** "n_self_training" as people write it. */
export function spelt(name: string): string {
  const words = name.replace(/^n_/, "").replace(/_px$/, "").replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

function fieldView(field: FormField): { element: HTMLElement; read: () => Value } {
  const { control, read } = controlOf(field);
  const help = field.range ? `${field.help} ${field.range}.` : field.help;
  const name = el("span", {}, spelt(field.name));
  const both = field.kind === "bool" ? [control, name] : [name, control];
  return {
    element: el("div", { class: "form-row" }, el("label", {}, ...both), el("p", { class: "note" }, help)),
    read,
  };
}

function controlOf(field: FormField): { control: HTMLElement; read: () => Value } {
  if (field.kind === "bool") {
    const input = el("input", { attrs: { type: "checkbox" } });
    input.checked = field.value === true;
    return { control: input, read: () => input.checked };
  }
  if (field.choices.length > 0) {
    const several = field.kind === "tuple";
    const chosen = Array.isArray(field.value) ? field.value : [field.value];
    const options = field.choices.map((choice) => {
      const option = el("option", {}, choice);
      option.value = choice;
      option.selected = chosen.includes(choice);
      return option;
    });
    const select = el("select", {}, ...options);
    select.multiple = several;
    if (several) for (const option of options) option.selected = chosen.includes(option.value);
    const picked = (): string[] => options.filter((option) => option.selected).map(({ value }) => value);
    return { control: select, read: () => (several ? picked() : (picked()[0] ?? null)) };
  }
  const isNumber = field.kind === "int" || field.kind === "float";
  const input = el("input", { attrs: { type: isNumber ? "number" : "text" } });
  if (isNumber) input.step = field.kind === "int" ? "1" : "any";
  if (field.least !== null) input.min = String(field.least);
  if (field.most !== null) input.max = String(field.most);
  input.value = field.value === null ? "" : String(field.value);
  const read = (): Value => (input.value === "" ? null : isNumber ? input.valueAsNumber : input.value);
  return { control: input, read };
}
