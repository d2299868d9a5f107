// Elements of the page. Whatever comes from data becomes text or an attribute, never markup.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(key, value === true ? "" : String(value));
    }
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function percent(share) {
  const value = 100 * share;
  return `${value >= 99.95 || value < 0.05 ? value.toFixed(0) : value.toFixed(1)}\u202f%`;
}

/** A short address for a picture that came as a data address: long ones are slow in styles. */
export function shortAddress(address) {
  const [head, text] = address.split(",");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return URL.createObjectURL(new Blob([bytes], { type: /data:([^;]+)/.exec(head)[1] }));
}

/** A picture out of a sheet of many; size in CSS pixels. */
export function fromSheet(sheet, number, size) {
  const made = element("i", { class: "picture", "aria-hidden": "true" });
  const rows = Math.ceil(sheet.n / sheet.perRow);
  const [column, row] = [number % sheet.perRow, Math.floor(number / sheet.perRow)];
  made.style.width = made.style.height = `${size}px`;
  made.style.backgroundImage = `url("${sheet.address}")`;
  made.style.backgroundSize = `${sheet.perRow * size}px ${rows * size}px`;
  made.style.backgroundPosition = `${-column * size}px ${-row * size}px`;
  return made;
}
