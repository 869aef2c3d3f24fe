/** The page's own line icons, drawn on a 20 x 20 grid. */

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  hash: "M8 3 6 17M14 3l-2 14M3.5 7.5h13.5M3 12.5h13.5",
  lock: "M5.5 9h9a1 1 0 0 1 1 1v6a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1ZM7 9V6.5a3 3 0 0 1 6 0V9",
  close: "m5 5 10 10M15 5 5 15",
  chevron: "m5.5 8 4.5 4.5L14.5 8",
  back: "M12.5 4.5 7 10l5.5 5.5",
  menu: "M3.5 6h13M3.5 10h13M3.5 14h13",
  send: "M3.5 3.8 17 10 3.5 16.2 5 10.6 11 10 5 9.4Z",
  reply: "M3.5 4.5h13v9h-6.5L6.5 17v-3.5h-3Z",
  eye: "M2 10s3-5 8-5 8 5 8 5-3 5-8 5-8-5-8-5ZM10 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  check: "m4.5 10.5 3.5 3.5 7.5-8",
  alert: "M10 3 2.5 16.5h15ZM10 8v4M10 14.3h.01",
  info: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM10 9.2v4.6M10 6.4h.01",
  bold: "M6 4h5a3 3 0 0 1 0 6H6ZM6 10h6a3 3 0 0 1 0 6H6Z",
  italic: "M8.5 4h6M5.5 16h6M12 4 8 16",
  strike: "M3.5 10h13M13.5 6.5C13 5 11.8 4 10 4 8 4 6.5 5 6.5 6.8c0 .9.4 1.6 1 2.1M6.5 13c.3 1.8 1.7 3 3.7 3 2.1 0 3.6-1.2 3.6-3 0-.4-.1-.8-.2-1.1",
  code: "m7 6-4 4 4 4M13 6l4 4-4 4",
  play: "M6.5 4.5v11l9-5.5Z",
};

/** A decorative icon: hidden from assistive technology, the control around it carries the name. */
export function icon(name, className = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon ${className}`.trim());
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
