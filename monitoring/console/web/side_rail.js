// Beside the list of warnings: what is known to be broken, and how the nation fares.
import { Severity, Told, spark } from "barometer-console";

export default {
  components: { Severity },
  mixins: [Told],
  props: { texts: Object },
  template: `
    <aside class="rail" :aria-label="texts.nation">
      <section class="panel"><h2>{{ texts.nation }}</h2>
        <div v-if="!told" class="skeleton"></div>
        <dl v-else class="nation"><div v-for="n in told.nation" :key="n.key" :class="n.verdict"><dt>{{ n.label }}</dt><dd><b>{{ n.value }}</b><small>{{ n.note }}</small>
          <svg viewBox="0 0 90 30" preserveAspectRatio="none" class="spark" aria-hidden="true"><template v-for="d in [draw(n.spark)]"><template v-if="d"><path class="area" :d="d.area" /><path class="curve" :d="d.curve" /></template></template></svg></dd></div></dl>
      </section>
      <section class="panel grow"><h2>{{ texts.incidents }} <span v-if="told" class="count">{{ told.incidents.length }}</span></h2>
        <div v-if="!told" class="skeleton"></div>
        <p v-else-if="!told.incidents.length" class="faint">{{ texts['incidents.empty'] }}</p>
        <ul v-else class="incidents" tabindex="0" :aria-label="texts.incidents"><li v-for="i in told.incidents" :key="i.id" :class="{ planned: i.planned }">
          <Severity :level="i.severity" :name="texts[i.severity] || i.severity" :letter="texts['letter.' + i.severity] || '–'" />
          <div><b>{{ i.name }}</b><small><span v-if="i.planned" class="chip held">{{ texts['incident.planned'] }}</span> {{ i.since }} · {{ i.numbers }}</small></div></li></ul>
      </section>
    </aside>`,
  methods: {
    draw(values) {
      return spark(values, null, 90, 30);
    },
  },
};
