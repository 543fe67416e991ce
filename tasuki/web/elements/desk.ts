// The call desk: its keys, its facts and objections, and the time of the call.
import "./call_desk";
import "./call_timer";
import "./desk_answers";
import "./desk_facts";
import "./desk_slots";
import "./press_keys";
