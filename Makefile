# Aliases for ./run, for fingers that type make.
VERBS := setup build test asan tsan study lint format install package clean
.PHONY: $(VERBS)
.DEFAULT_GOAL := build
$(VERBS):
	@./run $@
