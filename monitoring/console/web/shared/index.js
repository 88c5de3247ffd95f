// A severity as a shape, a letter and a colour: an octagon, a triangle, a diamond, a circle.
const SHAPES = {
  critical: "M8.5 1.5h11l7 7v11l-7 7h-11l-7-7v-11z",
  major: "M14 1.5 27 25.5H1z",
  minor: "M14 .8 27.2 14 14 27.2.8 14z",
  warning: "M14 1.2a12.8 12.8 0 1 1 0 25.6 12.8 12.8 0 0 1 0-25.6z",
  cleared: "M4 3h20a2 2 0 0 1 2 2v18a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z",
};

export const Severity = {
  template: `
    <span class="sev" :class="'sev-' + level" role="img" :aria-label="name" :title="name">
      <svg viewBox="0 0 28 28" aria-hidden="true"><path :d="shape" /><text x="14" :y="level === 'major' ? 22.5 : 18.7">{{ letter }}</text></svg>
    </span>`,
  props: { level: String, name: String, letter: String },
  computed: {
    shape() {
      return SHAPES[this.level] || SHAPES.cleared;
    },
  },
};

// A component that is told everything at once, as often as something is new (live.py).
export const Told = {
  emits: ["ready", "taken"],
  data() {
    return { told: null };
  },
  mounted() {
    this.$emit("ready");
  },
  methods: {
    take(text) {
      this.told = JSON.parse(text);
      this.$emit("taken");
    },
  },
};

// Seconds as people say them, in their largest unit.
export function lasting(seconds, texts) {
  const s = Math.max(0, Math.floor(seconds));
  const unit = (name, n) => texts["unit." + name].replace("{n}", n);
  const gap = unit("s", "").includes(" ") ? " " : "";
  if (s < 60) return unit("s", s);
  if (s < 3600) return unit("min", Math.floor(s / 60));
  if (s < 86400) return unit("h", Math.floor(s / 3600)) + (s % 3600 >= 60 ? gap + unit("min", Math.floor((s % 3600) / 60)) : "");
  return unit("d", Math.floor(s / 86400)) + (s % 86400 >= 3600 ? gap + unit("h", Math.floor((s % 86400) / 3600)) : "");
}

// Keys mean nothing to a page while somebody writes or a dialog is open.
export function isBusy(event) {
  const at = event.target;
  const writes = at instanceof HTMLElement && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
  return event.ctrlKey || event.metaKey || event.altKey || writes || document.querySelector(".q-dialog") !== null;
}

// The path of a small curve in a box of width by height: {curve, area, line}; nothing below two points. What was expected is one number or as many as there are points.
export function spark(values, expected, width, height) {
  if (values.length < 2) return null;
  const wanted = Array.isArray(expected) ? expected : [expected ?? 0];
  const most = Math.max(...values, ...wanted, 1e-9);
  const least = Math.min(0, ...values);
  const y = (v) => (height - 2 - ((v - least) / (most - least || 1)) * (height - 5)).toFixed(1);
  const path = (of) => "M" + of.map((v, n) => ((n * width) / (values.length - 1)).toFixed(1) + " " + y(v)).join("L");
  const curve = path(values);
  const flat = expected === null || expected === undefined ? "" : `M0 ${y(expected)}H${width}`;
  return { curve, area: `${curve}L${width} ${height}L0 ${height}Z`, line: Array.isArray(expected) ? path(expected) : flat };
}
