// Tells the tests which controls a page shows, and which of them was truly operated: events that
// the browser sent by itself, not those that a script made up.
(() => {
  if (window !== window.top) return;
  const KINDS = [
    "stButton", "stButtonGroup", "stCameraInput", "stCheckbox", "stDataFrame", "stDownloadButton",
    "stExpander", "stFileUploader", "stFormSubmitButton", "stMultiSelect", "stNumberInput", "stPageLink",
    "stPlotlyChart", "stRadio", "stSelectbox", "stSlider", "stTab", "stTextInput", "stTopNavLink",
  ];
  const CONTROLS = KINDS.map((kind) => `[data-testid=${kind}]`).join();
  // Where a click has to fall for the control to do something; null: no click does anything.
  const CLICKED = {
    stButtonGroup: "button",
    stCameraInput: "button",
    stDataFrame: null,
    stExpander: "summary",
    stFileUploader: null,
    stMultiSelect: "button[aria-label^=Remove], button[aria-label^=Clear]",
    stNumberInput: "button",
    stPlotlyChart: null,
    stRadio: "[data-testid=stRadioOption]",
    stSelectbox: null,
    stTab: null,
    stTextInput: null,
  };
  const told = new Set();
  let list = null; // the select box whose options are open

  function tell(element, isUsed) {
    const kind = element.dataset.testid;
    const wrapper = kind === "stExpander" ? "stLayoutWrapper" : "stElementContainer";
    const classes = element.closest(`[data-testid=${wrapper}]`)?.classList ?? [];
    const key = [...classes].find((name) => name.startsWith("st-key-"));
    const label = element.querySelector("[data-testid=stMarkdownContainer]")?.textContent ?? "";
    const page = location.pathname.split("/").pop() + (/\bquiz=/.test(location.search) ? "?quiz" : "");
    const note = JSON.stringify([page, kind, label.trim(), key?.slice(7) ?? "", isUsed]);
    if (isUsed || !told.has(note)) window.tellControl(note);
    told.add(note);
  }

  function tellAll() {
    if (!document.querySelector("[data-test-script-state=notRunning]")) return;
    for (const element of document.querySelectorAll(CONTROLS)) {
      if (!element.closest("[data-stale=true]")) tell(element, false);
    }
  }

  function on(type, operates) {
    const heard = (event) => {
      const element = event.target.closest?.(CONTROLS);
      if (!element || !(event.isTrusted || event.target.type === "file")) return;
      if (operates(event, element.dataset.testid)) {
        tellAll();
        tell(element, true);
      }
    };
    addEventListener(type, heard, true);
  }

  on("click", (event, kind) => {
    // A sign for help is no control; a button that has help is wrapped in one.
    if (!kind.endsWith("Button") && event.target.closest("[data-testid=stTooltipIcon]")) return false;
    return kind in CLICKED ? CLICKED[kind] && event.target.closest(CLICKED[kind]) : true;
  });
  on("input", (event, kind) => ["stTextInput", "stNumberInput"].includes(kind));
  on("change", (event, kind) => kind === "stFileUploader");
  on("dblclick", (event, kind) => kind === "stDataFrame");
  // A tab opens when it is pressed; what moves by that can take the rest of the click elsewhere.
  on("mousedown", (event, kind) => ["stPlotlyChart", "stTab"].includes(kind));
  on("pointerdown", (event, kind) => kind === "stDataFrame"); // a table lets no mousedown pass
  on("keydown", (event, kind) =>
    kind === "stSlider" ? /^(Arrow|Home|End|Page)/.test(event.key)
      : ["stSelectbox", "stMultiSelect"].includes(kind) && event.key === "Enter");
  addEventListener("focusin", (event) => {
    if (event.target.getAttribute?.("role") === "combobox") list = event.target.closest(CONTROLS);
  }, true);
  addEventListener("click", (event) => {
    if (event.isTrusted && list && event.target.closest?.("[role=option]")) tell(list, true);
  }, true);

  // What is on the screen counts when the page has come to rest: before, another page's is left.
  let rest = 0;
  const changed = () => {
    clearTimeout(rest);
    rest = setTimeout(() => {
      for (const box of document.querySelectorAll("[data-testid=stException]")) {
        window.tellFault(`an exception: ${box.textContent}`);
      }
      tellAll();
    }, 300);
  };
  new MutationObserver(changed).observe(document, {
    attributes: true, childList: true, subtree: true,
  });
})();
