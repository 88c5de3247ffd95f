// The window in which somebody does something about a warning. What is written in it lives here, in the browser, until the console has
// said that it was sent: neither a page that is drawn anew, nor a lost connection, nor a reload takes it away without a word.
const KEPT_KEY = "barometer.window";
const IN_TIME_MS = 20000; // the console itself gives up asking the broker before that

export default {
  emits: ["send"],
  props: { texts: Object, name: String, scopes: Array, durations: Array },
  template: `
    <q-dialog v-model="isOpen" :persistent="isSending" :aria-label="asked.title" @hide="closed">
      <q-card class="nicegui-card act-window">
        <h2>{{ asked.title }}</h2>
        <p class="faint">{{ asked.about }}</p>
        <p v-if="asked.long" class="faint">{{ asked.long }}</p>
        <template v-if="asked.verb === 'silence'">
          <q-option-group v-model="written.scope" :options="scopes" @update:model-value="changed" />
          <q-btn-toggle v-model="written.duration" :options="durations" unelevated no-caps :aria-label="texts['dialog.for']" @update:model-value="changed" />
        </template>
        <q-input v-if="asked.verb === 'assign'" v-model="written.who" :label="texts['dialog.who']" maxlength="64" autofocus @update:model-value="changed" @keydown.enter="entered" />
        <q-input v-model="written.note" :label="texts[asked.verb === 'note' ? 'dialog.note' : 'dialog.why']" maxlength="1000" :autofocus="asked.verb !== 'assign'" @update:model-value="changed" @keydown.enter="entered" />
        <p v-if="said" class="said" role="alert">{{ said }}</p>
        <div class="choices">
          <q-btn flat no-caps dense class="soft" :disable="isSending" @click="isOpen = false">{{ texts['act.cancel'] }}</q-btn>
          <template v-if="asked.verb === 'feedback'">
            <q-btn flat no-caps dense class="soft" :disable="isSending" @click="send(false)">{{ texts['act.false'] }}</q-btn>
            <q-btn flat no-caps dense class="solid" :disable="isSending" @click="send(true)">{{ texts['act.right'] }}</q-btn>
          </template>
          <q-btn v-else flat no-caps dense class="solid" :disable="isSending" @click="send(null)">{{ texts[isSending ? 'act.sending' : 'act.send'] }}</q-btn>
        </div>
      </q-card>
    </q-dialog>`,
  data() {
    return { isOpen: false, isSending: false, said: "", asked: {}, written: {} };
  },
  mounted() {
    this.takeUp();
  },
  beforeUnmount() {
    clearTimeout(this.waiting);
  },
  methods: {
    // asked: { verb, id, title, about, long } of the console
    open(asked) {
      if (this.isOpen) return;
      this.begin(asked, { ref: ref(), scope: this.scopes[0].value, duration: this.durations[1].value, who: this.name, note: "", right: null }, "");
      this.keep(false);
    },
    begin(asked, written, said) {
      clearTimeout(this.waiting);
      Object.assign(this, { asked, written, said, isSending: false, isTried: false, isOpen: true });
    },
    entered(event) {
      // While characters are composed, Enter chooses one.
      if (!event.isComposing) this.send(null);
    },
    send(right) {
      if (this.isSending || !this.isOpen) return;
      if (this.asked.verb === "feedback" && right === null) return;
      if (["note", "assign"].includes(this.asked.verb) && !this.written[this.asked.verb === "note" ? "note" : "who"].trim()) {
        this.said = this.texts["act.empty"];
        return;
      }
      if (document.body.dataset.state === "offline") {
        this.said = this.texts["act.offline"];
        return;
      }
      if (right !== this.written.right) this.changed();
      this.written.right = right;
      Object.assign(this, { isSending: true, isTried: true, said: "" });
      this.keep(true);
      this.$emit("send", { ...this.written, verb: this.asked.verb, id: this.asked.id });
      this.waiting = setTimeout(() => Object.assign(this, { isSending: false, said: this.texts["act.unconfirmed"] }), IN_TIME_MS);
    },
    // told: { ref, said } of the console; nothing said: it was sent
    answer(told) {
      if (told.ref !== this.written.ref) return;
      clearTimeout(this.waiting);
      this.isSending = false;
      if (told.said) {
        this.said = told.said;
        this.keep(false);
        return;
      }
      sessionStorage.removeItem(KEPT_KEY);
      this.isOpen = false;
    },
    changed() {
      // Under its old name the desk would take another text for a repeat.
      if (this.isTried) this.written.ref = ref();
      this.isTried = false;
      this.keep(false);
    },
    closed() {
      sessionStorage.removeItem(KEPT_KEY);
      clearTimeout(this.waiting);
      this.isSending = false;
    },
    keep(isSent) {
      const { asked, written, name } = this;
      sessionStorage.setItem(KEPT_KEY, JSON.stringify({ asked, written, name, isSent, path: location.pathname }));
    },
    takeUp() {
      const kept = JSON.parse(sessionStorage.getItem(KEPT_KEY) || "null");
      if (!kept || kept.name !== this.name || !(kept.isSent || kept.path === location.pathname)) return;
      this.begin(kept.asked, kept.written, kept.isSent ? this.texts["act.unconfirmed"] : "");
      // Sent again as it is, it has the same name, and counts once.
      this.isTried = kept.isSent;
    },
  },
};

function ref() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
