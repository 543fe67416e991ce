// Hearing a call: its player, and the moments that lead into it.
import "./call_player";
