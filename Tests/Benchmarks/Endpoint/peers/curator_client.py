#!/usr/bin/env python3
"""Asks for rows with bespokelabs-curator, as its documentation says for servers that speak OpenAI's API.

    curator_client.py --url http://127.0.0.1:PORT/v1 --calls 3000 --places 64
"""

import importlib.metadata
import importlib.util
import logging
import os
import tempfile

import figures

folder = tempfile.TemporaryDirectory()
litellm = importlib.util.find_spec("litellm").submodule_search_locations[0]
# Read when the packages are imported: nothing leaves the machine, and nothing stays behind in the user's folders.
os.environ |= {
    "HOME": folder.name,
    "HF_HOME": folder.name,
    "HF_HUB_OFFLINE": "1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "NO_PROXY": "127.0.0.1",
    "TELEMETRY_ENABLED": "0",
    # litellm brings the tokenizer that would be downloaded otherwise.
    "TIKTOKEN_CACHE_DIR": litellm + "/litellm_core_utils/tokenizers",
}
os.environ.pop("CURATOR_VIEWER", None)

from bespokelabs import curator
from datasets import Dataset


class Rows(curator.LLM):
    def prompt(self, input):
        return input["prompt"]

    def parse(self, input, response):
        return {"response": response}


def main():
    arguments = figures.arguments(__doc__.split("\n")[0])
    # Its log notes every reply twice.
    logging.getLogger("curator").setLevel(logging.WARNING)
    rows = Rows(
        model_name=arguments.model,
        backend="openai",
        generation_params={"max_tokens": 1024},
        backend_params={
            "base_url": arguments.url,
            "api_key": "none",
            "max_concurrent_requests": arguments.places,
            "max_requests_per_minute": 10**9,
            "max_tokens_per_minute": 10**13,
        },
    )

    def run(prompts):
        # A new folder each time, or it would take the replies from the last run.
        with tempfile.TemporaryDirectory(dir=folder.name) as cache:
            return list(rows(Dataset.from_dict({"prompt": prompts}), working_dir=cache).dataset["response"])

    figures.measure(f"curator {importlib.metadata.version('bespokelabs-curator')}", run, arguments)


if __name__ == "__main__":
    main()
