"""pb_utils.ModelConfig: what auto_complete_config() is given and fills in."""

import json


class ModelConfig:
    def __init__(self, model_config):
        self._model_config = json.loads(model_config)

    def as_dict(self):
        return self._model_config

    def set_max_batch_size(self, max_batch_size):
        """ValueError where the configuration says a larger one."""
        configured = self._model_config["max_batch_size"]
        if configured > max_batch_size:
            raise ValueError(
                f"configuration specified max_batch_size {configured}, but in auto-complete-config function for model "
                f"'{self._name()}' specified max_batch_size {max_batch_size}"
            )
        self._model_config["max_batch_size"] = max_batch_size

    def set_dynamic_batching(self):
        """ValueError where the configuration says another scheduler."""
        for scheduler in ("sequence_batching", "ensemble_scheduling"):
            if scheduler in self._model_config:
                raise ValueError(
                    f"Configuration specified scheduling_choice as '{scheduler}', but auto-complete-config function for model "
                    f"'{self._name()}' tries to set scheduling_choice as 'dynamic_batching'"
                )
        self._model_config.setdefault("dynamic_batching", {})

    def set_model_transaction_policy(self, transaction_policy_dict):
        """ValueError for properties other than 'decoupled', and where the configuration says another one."""
        if any(key != "decoupled" for key in transaction_policy_dict):
            raise ValueError(
                f"model transaction property in auto-complete-config function for model '{self._name()}' contains property other "
                "than 'decoupled'."
            )
        policy = self._model_config.setdefault("model_transaction_policy", {})
        for key, value in transaction_policy_dict.items():
            if policy.setdefault(key, value) != value:
                raise ValueError(
                    f"trying to change decoupled property in auto-complete-config for model '{self._name()}', which is already set "
                    f"to '{policy[key]}'."
                )

    def add_input(self, input):
        self._add("input", input, ("name", "data_type", "dims", "optional"), "'name', 'data_type', 'dims' and 'optional'")

    def add_output(self, output):
        self._add("output", output, ("name", "data_type", "dims"), "'name', 'data_type' and 'dims'")

    def _name(self):
        return self._model_config["name"]

    def _add(self, side, given, allowed, listed):
        where = f"in auto-complete-config function for model '{self._name()}'"
        if any(key not in allowed for key in given):
            raise ValueError(f"{side} '{given.get('name')}' {where} contains property other than {listed}.")
        for key in ("name", "data_type", "dims"):
            if key not in given:
                which = f"{side} '{given['name']}'" if "name" in given else side
                raise ValueError(f"{which} {where} is missing '{key}' property.")
        for configured in self._model_config.setdefault(side, []):
            if configured["name"] == given["name"]:
                self._merge(side, configured, given)
                return
        self._model_config[side].append(dict(given))

    def _merge(self, side, configured, given):
        known = configured.get("data_type", "TYPE_INVALID")
        if known not in ("TYPE_INVALID", given["data_type"]):
            raise ValueError(
                f"unable to load model '{self._name()}', configuration expects datatype {known} for {side} '{given['name']}', "
                f"model provides {given['data_type']}"
            )
        for key in ("dims", "optional"):
            if key in given and configured.get(key) and configured[key] != given[key]:
                raise ValueError(
                    f"model '{self._name()}', tensor '{given['name']}': the model expects {key} {given[key]} but the model "
                    f"configuration specifies {key} {configured[key]}"
                )
        configured.update(given)
