if (!window.bloodUiWheel) {
  window.bloodUiWheel = true;
  const keep = (event) => {
    if (!event.ctrlKey && event.target.closest && event.target.closest(".st-key-viewer")) {
      event.stopPropagation();
    }
  };
  window.addEventListener("wheel", keep, { capture: true, passive: true });
}
