"""Vehicle-days: what each vehicle did on each local day, a fact that KPIs and reports read."""
