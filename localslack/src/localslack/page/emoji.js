/** The shortcodes that apps commonly use, with their characters. An unknown shortcode stays as typed. */

const EMOJI = {
  "+1": "👍", "-1": "👎", alarm_clock: "⏰", arrow_down: "⬇️", arrow_forward: "▶️", arrow_left: "⬅️", arrow_right: "➡️",
  arrow_up: "⬆️", arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️", bar_chart: "📊", bell: "🔔",
  black_circle: "⚫", black_square_for_stop: "⏹️", blue_circle: "🔵", boom: "💥", broom: "🧹", bug: "🐛", bulb: "💡",
  calendar: "📆", chart_with_upwards_trend: "📈", clapper: "🎬", clipboard: "📋", clock1: "🕐", clock3: "🕒",
  clock9: "🕘", construction: "🚧", cry: "😢", date: "📅", double_vertical_bar: "⏸️", email: "📧", envelope: "✉️",
  exclamation: "❗", eyes: "👀", fast_forward: "⏩", file_folder: "📁", fire: "🔥", gear: "⚙️", grey_question: "❔",
  ghost: "👻", green_circle: "🟢", hammer_and_wrench: "🛠️", heart: "❤️", heavy_check_mark: "✔️",
  heavy_exclamation_mark: "❗", heavy_minus_sign: "➖", heavy_multiplication_x: "✖️", heavy_plus_sign: "➕",
  hourglass: "⌛", hourglass_flowing_sand: "⏳", inbox_tray: "📥", information_source: "ℹ️", key: "🔑",
  large_blue_circle: "🔵", large_green_circle: "🟢", large_green_square: "🟩", large_orange_circle: "🟠",
  large_red_square: "🟥", large_yellow_circle: "🟡", link: "🔗", lock: "🔒", lock_with_ink_pen: "🔏", mag: "🔍", mailbox: "📫", memo: "📝",
  money_with_wings: "💸", mute: "🔇", negative_squared_cross_mark: "❎", no_bell: "🔕", no_entry: "⛔",
  no_entry_sign: "🚫", octagonal_sign: "🛑", ok: "🆗", ok_hand: "👌", outbox_tray: "📤", package: "📦",
  page_facing_up: "📄", partying_face: "🥳", pause_button: "⏸️", play_or_pause_button: "⏯️", point_right: "👉",
  pray: "🙏", pushpin: "📌", question: "❓", raised_hand: "✋", recycle: "♻️", red_circle: "🔴", repeat: "🔁", rewind: "⏪", robot_face: "🤖",
  rocket: "🚀", rotating_light: "🚨", scroll: "📜", see_no_evil: "🙈", shield: "🛡️", skull: "💀", sleeping: "😴",
  slightly_frowning_face: "🙁", slightly_smiling_face: "🙂", smile: "😄", snail: "🐌", sos: "🆘", sparkles: "✨",
  speech_balloon: "💬", stop_button: "⏹️", stop_sign: "🛑", stopwatch: "⏱️", tada: "🎉", thinking_face: "🤔",
  thumbsdown: "👎", thumbsup: "👍", timer_clock: "⏲️", toolbox: "🧰", turtle: "🐢", unlock: "🔓", warning: "⚠️",
  wastebasket: "🗑️", wave: "👋", white_check_mark: "✅", white_circle: "⚪", wrench: "🔧", x: "❌",
  yellow_circle: "🟡", zap: "⚡", zzz: "💤",
};

/** The character for a shortcode without its colons, or null. */
export function emoji(name) {
  return Object.hasOwn(EMOJI, name) ? EMOJI[name] : null;
}

/** Text with every known :shortcode: replaced, as Slack does in plain_text with `emoji` on. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (all, name) => emoji(name) ?? all);
}
