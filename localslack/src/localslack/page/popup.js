/** Menus that open next to a control, in the browser's top layer so that nothing clips them. */

const GAP = 4;
const MARGIN = 8;

/** Show `menu` (an element with popover="manual" beside the anchor, so that a dialog contains both) under `anchor`, or above when needed. */
export function openPopup(anchor, menu, { matchWidth = false, align = "start" } = {}) {
  menu.showPopover();
  const place = () => position(anchor, menu, matchWidth, align);
  place();
  addEventListener("resize", place);
  addEventListener("scroll", place, true);
  return {
    place,
    close() {
      removeEventListener("resize", place);
      removeEventListener("scroll", place, true);
      if (menu.isConnected && menu.matches(":popover-open")) menu.hidePopover();
    },
  };
}

function position(anchor, menu, matchWidth, align) {
  const box = anchor.getBoundingClientRect();
  if (matchWidth) menu.style.width = `${box.width}px`;
  menu.style.maxHeight = "";
  const wanted = menu.scrollHeight + 2;
  const below = innerHeight - box.bottom - GAP - MARGIN;
  const above = box.top - GAP - MARGIN;
  const down = wanted <= below || below >= above;
  const limit = Number.parseFloat(getComputedStyle(menu).maxHeight) || Infinity;
  const height = Math.min(wanted, limit, down ? below : above);
  menu.style.maxHeight = `${height}px`;
  menu.style.top = `${down ? box.bottom + GAP : box.top - GAP - height}px`;
  const left = align === "end" ? box.right - menu.offsetWidth : box.left;
  menu.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - menu.offsetWidth - MARGIN))}px`;
}
