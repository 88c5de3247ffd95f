// A severity by itself, for what the server draws.
import { Severity } from "barometer-console";

export default Severity;
