// A field with its numbered outlines, to be zoomed and moved as in a slide viewer.

import { element, svg } from "./elements.js";

const CLICK_PX = 5; // a pointer that moved less has clicked
const LABEL_PX = 24; // a cell that is smaller on the screen has no label, unless it is chosen
const MOST_ZOOM = 40;
const STEP = 1.4;

export class Viewer {
  /** @param {{data, review, colour, code, onOpen, onField}} app what the others know */
  constructor(app) {
    this.app = app;
    this.field = -1;
    this.pointers = new Map();
    // Beside the outlines and not among them, so that it is not drawn anew when one of them changes.
    this.picture = element("img", { alt: "", draggable: "false" });
    this.outlines = svg("g");
    this.labels = svg("g", { class: "labels" });
    this.canvas = svg(
      "svg",
      { class: "canvas", tabindex: 0, role: "group", preserveAspectRatio: "xMidYMid meet" },
      this.outlines,
      this.labels,
    );
    const zoom = (label, name, act) => {
      const button = element("button", { type: "button", "aria-label": name, title: name }, label);
      button.dataset.command = name;
      button.addEventListener("click", act);
      return button;
    };
    this.name = element("span", { class: "field-name" });
    this.file = element("span", { class: "file-name" });
    this.before = zoom("‹", "Field before", () => this.turn(-1));
    this.after = zoom("›", "Next field", () => this.turn(1));
    this.scale = element("div", { class: "scale-bar" });
    this.root = element(
      "div",
      { class: "viewer" },
      element(
        "div",
        { class: "bar" },
        this.before,
        this.name,
        this.after,
        this.file,
        element("span", { class: "space" }),
        zoom("−", "Zoom out", () => this.zoomBy(1 / STEP)),
        zoom("+", "Zoom in", () => this.zoomBy(STEP)),
        zoom("Fit", "Fit", () => this.fit()),
      ),
      element("div", { class: "stage" }, this.picture, this.canvas, this.scale),
      (this.note = element("p", { class: "note" })),
    );
    this.listen();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey && !event.metaKey) return; // the page is scrolled
        event.preventDefault();
        this.zoomBy(Math.exp(-event.deltaY / 300), this.at(event));
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      this.pointers.set(event.pointerId, event);
      this.from = { x: event.clientX, y: event.clientY, box: { ...this.box }, spread: this.spread() };
      this.isDragged = false;
    });
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    for (const type of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(type, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("click", (event) => {
      const place = event.target.closest?.("[data-cell]");
      if (!this.isDragged && place) this.app.onOpen(Number(place.dataset.cell), event);
    });
    canvas.addEventListener("dblclick", (event) => this.zoomBy(2, this.at(event)));
    canvas.addEventListener("keydown", (event) => this.onKey(event));
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(canvas);
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key === "+" || event.key === "=") this.zoomBy(STEP);
    else if (event.key === "-") this.zoomBy(1 / STEP);
    else if (event.key === "f") this.fit();
    else if (moves[event.key] && this.isZoomed()) {
      const [x, y] = moves[event.key];
      this.look({ ...this.box, x: this.box.x + (x * this.box.w) / 6, y: this.box.y + (y * this.box.h) / 6 });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  onMove(event) {
    if (!this.pointers.has(event.pointerId)) return;
    this.pointers.set(event.pointerId, event);
    const { from } = this;
    const moved = Math.hypot(event.clientX - from.x, event.clientY - from.y);
    if (this.pointers.size === 2) {
      this.isDragged = true;
      const spread = this.spread();
      if (from.spread && spread) {
        this.zoomBy(spread / from.spread, this.at(this.middle()));
      }
      this.from = { ...from, spread, box: { ...this.box }, x: event.clientX, y: event.clientY };
      return;
    }
    if (moved < CLICK_PX && !this.isDragged) return;
    if (event.pointerType === "touch" && !this.isZoomed()) return; // the page is scrolled
    if (!this.isDragged) this.canvas.setPointerCapture(event.pointerId);
    this.isDragged = true;
    const perPx = this.perPx();
    this.look({
      ...this.box,
      x: from.box.x - (event.clientX - from.x) * perPx,
      y: from.box.y - (event.clientY - from.y) * perPx,
    });
  }

  spread() {
    if (this.pointers.size !== 2) return 0;
    const [a, b] = [...this.pointers.values()];
    return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
  }

  middle() {
    const [a, b] = [...this.pointers.values()];
    return { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2 };
  }

  /** Pixels of the field for one of the screen. */
  perPx() {
    const { width, height } = this.canvas.getBoundingClientRect();
    return Math.max(this.box.w / (width || 1), this.box.h / (height || 1));
  }

  /** The place of the field under a pointer. */
  at({ clientX, clientY }) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const perPx = this.perPx();
    return {
      x: this.box.x + this.box.w / 2 + (clientX - left - width / 2) * perPx,
      y: this.box.y + this.box.h / 2 + (clientY - top - height / 2) * perPx,
    };
  }

  isZoomed() {
    return this.box.w < this.size.width * 0.999;
  }

  zoomBy(times, at = null) {
    const { width, height } = this.size;
    const share = Math.min(1, Math.max(1 / MOST_ZOOM, this.box.w / width / times));
    const w = width * share;
    const h = height * share;
    const around = at ?? { x: this.box.x + this.box.w / 2, y: this.box.y + this.box.h / 2 };
    const [dx, dy] = [(around.x - this.box.x) / this.box.w, (around.y - this.box.y) / this.box.h];
    this.look({ x: around.x - dx * w, y: around.y - dy * h, w, h });
  }

  fit() {
    this.look({ x: 0, y: 0, w: this.size.width, h: this.size.height });
  }

  look(box) {
    const { width, height } = this.size;
    const within = (value, side, whole) => Math.min(Math.max(value, 0), Math.max(0, whole - side));
    this.box = { ...box, x: within(box.x, box.w, width), y: within(box.y, box.h, height) };
    this.draw();
  }

  turn(by) {
    const n = this.app.data.fields.length;
    this.show((this.field + by + n) % n);
    this.app.onField(this.field);
  }

  /** Shows a field whole; nothing where it is the one that is shown. */
  show(number) {
    if (number === this.field) return;
    this.field = number;
    const field = this.app.data.fields[number];
    this.size = { width: field.width, height: field.height };
    this.picture.src = field.picture;
    const n = this.app.data.fields.length;
    const last = this.app.data.fields.at(-1).short; // others may be declined, and have numbers too
    this.name.textContent = n > 1 ? `${field.label} of ${last}` : field.label;
    this.file.textContent = this.file.title = field.name ?? "";
    this.file.hidden = !field.name;
    this.canvas.setAttribute("aria-label", `${field.label} with its cells outlined and numbered`);
    this.note.textContent = field.note;
    this.before.hidden = this.after.hidden = n < 2;
    this.shapes = new Map();
    this.outlines.replaceChildren();
    this.labels.replaceChildren();
    this.app.data.cells.forEach((cell, index) => {
      if (cell.field === number) this.addShape(cell, index);
    });
    this.fit();
    this.shapes.forEach((_, index) => this.paint(index));
  }

  addShape(cell, index) {
    const path = `M${cell.outline.join(" ")}Z`;
    const shape = {
      halo: svg("path", { d: path, class: "halo" }),
      line: svg("path", { d: path, class: "line", "data-cell": index }),
      title: svg("title"),
      label: svg("text", { "data-cell": index, "text-anchor": "middle" }),
    };
    shape.line.append(shape.title);
    this.shapes.set(index, shape);
    this.outlines.append(shape.halo, shape.line);
    this.labels.append(shape.label);
  }

  /** Draws a cell's outline and label as its class and choice are now. */
  paint(index) {
    const shape = this.shapes?.get(index);
    if (!shape) return;
    const { app } = this;
    const cell = app.data.cells[index];
    const kind = cell.isCut ? null : app.review.kind(index);
    const name = app.nameOf(index);
    shape.line.style.stroke = app.colour(kind);
    shape.line.classList.toggle("unsure", kind === null && !cell.isCut);
    shape.line.classList.toggle("cut", cell.isCut);
    for (const each of [shape.line, shape.halo, shape.label]) {
      each.classList.toggle("chosen", app.chosen.has(index));
    }
    shape.title.textContent = `Cell ${cell.number}: ${name}`;
    shape.label.textContent = `${cell.number} ${cell.isCut ? "✂" : app.code(kind)}`;
    this.place(index, this.perPx());
  }

  place(index, perPx) {
    const shape = this.shapes.get(index);
    const [x, y, w] = this.app.data.cells[index].box;
    const isShown = w / perPx >= LABEL_PX || this.app.chosen.has(index);
    shape.label.style.display = isShown ? "" : "none";
    shape.label.setAttribute("x", x + w / 2);
    shape.label.setAttribute("y", Math.max(y - 4 * perPx, 13 * perPx));
    shape.label.style.fontSize = `${13 * perPx}px`;
    shape.label.style.strokeWidth = `${3.5 * perPx}px`;
  }

  /** Brings a cell into view, in its own field. */
  reveal(index) {
    const cell = this.app.data.cells[index];
    this.show(cell.field);
    const [x, y] = [cell.box[0] + cell.box[2] / 2, cell.box[1] + cell.box[3] / 2];
    const { box } = this;
    if (x < box.x || y < box.y || x > box.x + box.w || y > box.y + box.h) {
      this.look({ ...box, x: x - box.w / 2, y: y - box.h / 2 });
    }
  }

  draw() {
    if (!this.box) return;
    const { x, y, w, h } = this.box;
    this.canvas.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
    this.canvas.style.touchAction = this.isZoomed() ? "none" : "pan-y";
    this.canvas.classList.toggle("zoomed", this.isZoomed());
    const perPx = this.perPx();
    const { clientWidth, clientHeight } = this.canvas;
    this.picture.style.width = `${this.size.width / perPx}px`;
    this.picture.style.height = `${this.size.height / perPx}px`;
    this.picture.style.left = `${clientWidth / 2 - (x + w / 2) / perPx}px`;
    this.picture.style.top = `${clientHeight / 2 - (y + h / 2) / perPx}px`;
    for (const index of this.shapes?.keys() ?? []) this.place(index, perPx);
    this.drawScale(perPx);
  }

  drawScale(perPx) {
    const { umPerPx } = this.app.data.fields[this.field];
    this.scale.hidden = !umPerPx;
    if (!umPerPx) return;
    const fitting = [1, 2, 5, 10, 20, 50, 100, 200, 500].filter((um) => um / umPerPx / perPx <= 120);
    const um = fitting.at(-1) ?? 1;
    this.scale.style.width = `${um / umPerPx / perPx}px`;
    this.scale.textContent = `${um} µm`;
  }
}
