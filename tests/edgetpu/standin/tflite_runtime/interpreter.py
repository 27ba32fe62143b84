from ai_edge_litert.interpreter import Interpreter, load_delegate  # noqa: F401
