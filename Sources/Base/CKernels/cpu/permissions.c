// What levels ask the system for before they run.

int nothing_to_ask(void) { return 0; }
