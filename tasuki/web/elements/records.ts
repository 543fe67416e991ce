// Facts and cells that are changed where they stand, notes and files: on lists and record pages; every other page does without.
import "./edit_in_place";
import "./file_drop";
import "./mention_field";
import "./undo_edits";
import "./press_keys";
