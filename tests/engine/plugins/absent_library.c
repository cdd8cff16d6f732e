int absent_library_answer(void);
int absent_library_answer(void) { return 42; }
