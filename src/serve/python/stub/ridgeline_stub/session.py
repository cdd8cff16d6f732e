"""What this process is: the one state that its modules share, set once by serve.py."""


class Session:
    outputs = None  # OwnBlocks
    inputs = None  # ReceivedBlocks
    questions = None  # Questions
    instance = ""  # its name
    decoupled = False
    output_names = ()  # of the model's configuration
    model_folder = ""  # of its version
    in_execute = False  # whether the model has been initialised and is not being finalised


session = Session()
