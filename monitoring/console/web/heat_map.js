// Regions by categories, as a table that reads as one: colour is surprise, the number in it how many there are.
export default {
  emits: ["ready", "taken"],
  props: { texts: Object, regions: Array, categories: Array, board: String, sort: String },
  template: `
    <div class="heat-frame" tabindex="0" role="region" :aria-label="texts['regions.title']">
      <table class="heat" :class="{ loading: !told }">
        <caption class="sr">{{ texts['regions.title'] }}</caption>
        <thead><tr><th scope="col">{{ texts.region }}</th><th v-for="c in categories" :key="c.code" scope="col" :class="{ cross: c.code === column }"><a :href="board + '?category=' + c.code" :title="c.name">{{ c.name }}</a></th><th scope="col">{{ texts['regions.all'] }}</th></tr></thead>
        <tbody><tr v-for="r in ordered" :key="r.code">
          <th scope="row" :class="{ cross: r.code === row }"><a :href="board + '?region=' + r.code">{{ r.name }}</a></th>
          <td v-for="c in categories" :key="c.code" :class="look(r.code, c.code)"><a :href="link(r.code, c.code)" :title="tip(r.code, c.code, r.name + ' · ' + c.name)" :aria-label="tip(r.code, c.code, r.name + ' · ' + c.name)" @mouseenter="at(r.code, c.code)" @mouseleave="at('', '')">{{ seen(r.code, c.code) }}</a></td>
          <td class="sum" :class="look(r.code, '')"><a :href="link(r.code, '')" :title="tip(r.code, '', r.name)" :aria-label="tip(r.code, '', r.name)">{{ seen(r.code, '') }}</a></td>
        </tr></tbody>
        <tfoot><tr><th scope="row">{{ texts['regions.all'] }}</th><td v-for="c in categories" :key="c.code" class="sum" :class="look('', c.code)"><a :href="link('', c.code)" :title="tip('', c.code, c.name)" :aria-label="tip('', c.code, c.name)">{{ seen('', c.code) }}</a></td><td class="sum">{{ told ? told.nation : '' }}</td></tr></tfoot>
      </table>
    </div>`,
  data() {
    return { told: null, cells: {}, row: "", column: "" };
  },
  mounted() {
    this.$emit("ready");
  },
  computed: {
    ordered() {
      if (this.sort !== "hot" || !this.told) return this.regions;
      const hot = (r) => Math.max(...["", ...this.categories.map((c) => c.code)].map((c) => this.cells[r.code + "|" + c]?.[2] ?? -99));
      return [...this.regions].sort((a, b) => hot(b) - hot(a));
    },
  },
  methods: {
    take(text) {
      const told = JSON.parse(text);
      if (told.whole) this.cells = {};
      Object.assign(this.cells, told.cells); // key -> [seen, expected, surprise, band]
      this.told = told;
      this.$emit("taken");
    },
    at(row, column) {
      this.row = row;
      this.column = column;
    },
    cell(region, category) {
      return this.cells[region + "|" + category];
    },
    seen(region, category) {
      const cell = this.cell(region, category);
      return cell ? cell[0] || "·" : "";
    },
    look(region, category) {
      const cell = this.cell(region, category);
      return cell ? ["band-" + cell[3], { none: !cell[0], warm: cell[3] === 0 && cell[2] > 1.4 }] : "";
    },
    tip(region, category, place) {
      const cell = this.cell(region, category);
      if (!cell) return place;
      const known = cell[2] !== null;
      return this.texts[known ? "regions.cell" : "regions.unknown"].replace("{place}", place).replace("{observed}", cell[0]).replace("{expected}", known ? cell[1] : "").replace("{score}", known ? cell[2] : "");
    },
    link(region, category) {
      const query = [region && "region=" + region, category && "category=" + category].filter(Boolean).join("&");
      return this.board + "?" + query;
    },
  },
};
