def display(family: str, given: str) -> str:
    return f"{family} {given}".strip()
