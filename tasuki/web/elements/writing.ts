// Notes and files, on the pages that take them: every other page does without.
import "./file_drop";
import "./mention_field";
