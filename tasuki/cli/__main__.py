from tasuki.cli import main

main(prog_name="tasuki")
