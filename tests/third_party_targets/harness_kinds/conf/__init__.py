"""YAML that joins the harness's configuration."""
