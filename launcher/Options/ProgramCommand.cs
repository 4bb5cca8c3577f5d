using System.CommandLine;
using BoxerMpi.Launching;

namespace BoxerMpi.Launcher.Options;

/// <summary>A command that ends in PROGRAM and its arguments.</summary>
internal abstract class ProgramCommand : Command
{
    protected ProgramCommand(
        string name,
        string description,
        string programName = "PROGRAM [ARGS...]",
        string programDescription = "A project folder, a .csproj, a .dll or an executable; all behind it belongs to the program")
        : base(name, description)
    {
        // For the help only: CommandTail takes the program off before the parser runs.
        Add(new Argument<string[]>(programName)
        {
            Description = programDescription,
            Arity = ArgumentArity.Zero,
        });
    }

    /// <summary>PROGRAM and its arguments, as they were written.</summary>
    public string[] Program { get; set; } = [];

    /// <summary>A <c>--</c> stood before PROGRAM: whoever wrote it knows whose the rest is.</summary>
    public bool IsMarked { get; set; }

    /// <exception cref="UsageException">There is no program.</exception>
    protected string RequireProgram() => Program is [{ Length: > 0 } program, ..]
        ? program
        : throw new UsageException("PROGRAM is missing: what is to be run?", $"boxer {Name} … examples/Hello");
}
