#!/usr/bin/env python3
"""Asks for rows with NVIDIA NeMo's data-designer: a provider of one's own, a seed dataset, and one column of text.

    data_designer_client.py --url http://127.0.0.1:PORT/v1 --calls 3000 --places 64
"""

import importlib.metadata
import os
import tempfile

import figures

folder = tempfile.TemporaryDirectory()
# Read when the packages are imported: nothing leaves the machine, and nothing stays behind in the user's folders.
os.environ |= {
    "DATA_DESIGNER_HOME": folder.name,
    "HF_HUB_OFFLINE": "1",
    "HOME": folder.name,
    # Nobody listens there: else it downloads a tokenizer, to count tokens when all is done.
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NEMO_TELEMETRY_ENABLED": "false",
    "NO_PROXY": "127.0.0.1",
}

import data_designer.config as dd
import pandas
from data_designer.interface import DataDesigner


def main():
    arguments = figures.arguments(__doc__.split("\n")[0])
    provider = dd.ModelProvider(name="local", endpoint=arguments.url, provider_type="openai", api_key="none")
    model = dd.ModelConfig(
        alias="writer",
        model=arguments.model,
        provider="local",
        skip_health_check=True,
        inference_parameters=dd.ChatCompletionInferenceParams(max_parallel_requests=arguments.places, max_tokens=1024),
    )
    designer = DataDesigner(artifact_path=folder.name, model_providers=[provider], auto_configure_logging=False)
    designer.set_run_config(
        dd.RunConfig(
            buffer_size=arguments.calls,
            max_in_flight_tasks=max(1024, 2 * arguments.places),
            jinja_rendering_engine=dd.JinjaRenderingEngine.NATIVE,
            otel_metrics_port=None,
        )
    )

    def run(prompts):
        config = dd.DataDesignerConfigBuilder(model_configs=[model])
        config.with_seed_dataset(dd.DataFrameSeedSource(df=pandas.DataFrame({"prompt": prompts})))
        config.add_column(dd.LLMTextColumnConfig(name="response", prompt="{{ prompt }}", model_alias="writer"))
        return list(designer.create(config, num_records=len(prompts)).load_dataset()["response"])

    figures.measure(f"data-designer {importlib.metadata.version('data-designer')}", run, arguments)


if __name__ == "__main__":
    main()
