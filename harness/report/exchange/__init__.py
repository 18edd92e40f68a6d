"""Reports for other programs: `document` is report.json, `every_eval` its exporter, `claims` what CI can insist on."""
