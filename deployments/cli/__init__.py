"""The command `dspyui`: one file per noun, imports only when they are needed."""
