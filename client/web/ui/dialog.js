// Dialogs: real <dialog> elements, so that Escape closes them, the rest of the page is inert, and the focus returns.

import { h, icon } from "./dom.js";

/**
 * Show a dialog; it is removed when it closes.
 *
 * @param {string} title
 * @param {import("./dom.js").Child[]} children
 * @param {{ class?: string, submit?: (form: FormData) => Promise<boolean> | boolean }} [options]
 *   submit: called by Enter and by buttons of type submit; the dialog closes when it gives true
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, children, { class: look = "", submit } = {}) {
  const before = document.activeElement;
  const id = `dialog-${title.toLowerCase().replaceAll(/\W+/g, "-")}`;
  document.getElementById(id)?.closest("dialog")?.close();
  const close = () => dialog.close();
  const form = h(
    "form",
    { method: "dialog", novalidate: true },
    h(
      "header",
      {},
      h("h2", { id, tabindex: -1, autofocus: !children.some(hasAutofocus) }, title),
      h("button", { type: "button", class: "ghost", "aria-label": "Close", onclick: close }, icon("close")),
    ),
    ...children,
  );
  const dialog = h("dialog", { class: `dialog ${look}`, "aria-labelledby": id }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit === undefined || (await submit(new FormData(form)))) close();
  });
  closeByClickOutside(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (document.activeElement === document.body && before instanceof HTMLElement) before.focus();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @param {import("./dom.js").Child} child */
function hasAutofocus(child) {
  return child instanceof HTMLElement && child.querySelector("[autofocus]") !== null;
}

/**
 * @param {HTMLDialogElement} dialog which has no padding: a click on itself is one on its backdrop
 */
export function closeByClickOutside(dialog) {
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [hint]
 */
export function field(label, control, hint = "") {
  const hintId = hint ? `${control.getAttribute("name")}-hint` : "";
  if (hint) control.setAttribute("aria-describedby", hintId);
  return h(
    "label",
    { class: "field" },
    h("span", { class: "field-label" }, label),
    control,
    hint && h("span", { class: "hint", id: hintId }, hint),
  );
}
