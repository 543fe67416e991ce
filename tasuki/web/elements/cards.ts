// Boards and calendars, on the lists that are drawn as one: every other page does without.
import "./card_lanes";
import "./card_moves";
