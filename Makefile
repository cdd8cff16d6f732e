# Aliases for ./run, for fingers that type make.
VERBS := setup build study test lint format bench fuzz asan tsan crosscheck install package clean
.PHONY: $(VERBS)
.DEFAULT_GOAL := build
$(VERBS):
	@./run $@
