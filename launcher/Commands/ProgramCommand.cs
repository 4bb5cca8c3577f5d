using System.CommandLine;

namespace BoxerMpi.Launcher.Commands;

/// <summary>A command that ends in PROGRAM and its arguments.</summary>
internal abstract class ProgramCommand : Command
{
    protected ProgramCommand(string name, string description)
        : base(name, description)
    {
        // For the help only: CommandTail takes the program off before the parser runs.
        Add(new Argument<string[]>("PROGRAM [ARGS...]")
        {
            Description = "A project folder, a .csproj, a .dll or an executable; all behind it belongs to the program",
            Arity = ArgumentArity.Zero,
        });
    }

    /// <summary>PROGRAM and its arguments, as they were written.</summary>
    public string[] Program { get; set; } = [];

    /// <exception cref="UsageException">There is no program.</exception>
    protected string RequireProgram() => Program is [{ Length: > 0 } program, ..]
        ? program
        : throw new UsageException("PROGRAM is missing: what is to be run?", $"boxer {Name} … examples/Hello");
}
