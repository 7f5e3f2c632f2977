"""Weather: facts per 旗区, what each service bears, and the recalls that follow."""
