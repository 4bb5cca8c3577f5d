using System.CommandLine;
using BoxerMpi.Functions;
using BoxerMpi.Functions.Deploying;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Places;

namespace BoxerMpi.Launcher.Options;

/// <summary><c>--on</c> and the options of the places: where the ranks of a job run.</summary>
internal sealed class PlaceArguments
{
    private readonly Option<string> _on;
    private readonly LabArguments _lab;
    private readonly FunctionArguments? _functions;

    /// <param name="command">Gets the options.</param>
    /// <param name="functions">Whether ranks may be functions.</param>
    public PlaceArguments(Command command, bool functions = false)
    {
        string places = functions
            ? "local, natlab (hosts behind NATs; as root), lambda (AWS), or lambda-local"
            : "local, or natlab (hosts behind NATs; as root)";
        _on = new Option<string>("--on") { HelpName = "PLACE", Description = $"Where the ranks run: {places}  [default: local]" };
        command.Add(_on);
        _lab = new LabArguments(command);
        _functions = functions ? new FunctionArguments(command) : null;
    }

    /// <summary>The place of ranks that are no functions.</summary>
    public IPlace Read(ParseResult parsed, int size)
    {
        Check(parsed);
        return Name(parsed) == "natlab" ? ProcessPlace.NatLab(_lab.Read(parsed, size), _lab.Prefix(parsed)) : ProcessPlace.Local;
    }

    /// <exception cref="UsageException">There is no such place, or an option means nothing there.</exception>
    public void Check(ParseResult parsed)
    {
        string on = Name(parsed);
        if (on is not ("natlab" or "lambda-local") && _lab.Given(parsed) is { } given)
            throw new UsageException(
                $"{given} is about a NAT lab, and the ranks are to run on {on}",
                _functions is null ? "add --on natlab" : "add --on natlab or --on lambda-local");
        if (_functions?.Misplaced(parsed, on) is { } misplaced)
            throw new UsageException(
                $"{misplaced} means nothing for ranks that run on {on}", "see boxer run --help for the options of each place");
        bool isPlace = on is "local" or "natlab" || (on is "lambda" or "lambda-local" && _functions is not null);
        if (!isPlace)
            throw new UsageException(
                $"--on '{on}' is not a place",
                _functions is null ? "it is local or natlab" : "it is local, natlab, lambda or lambda-local");
    }

    /// <summary>How the ranks are functions, or null when they are not.</summary>
    public FunctionOptions? ReadFunctions(ParseResult parsed, int size, Func<FunctionProgram> program) => Name(parsed) switch
    {
        "lambda" => _functions?.Read(parsed, local: false, size, program(), lab: null, labPrefix: null),
        "lambda-local" => _functions?.Read(
            parsed, local: true, size, program(), _lab.Given(parsed) is null ? null : _lab.Read(parsed, size), _lab.Prefix(parsed)),
        _ => null,
    };

    /// <summary>The job's token, where it is not for boxer alone.</summary>
    public (string? File, byte[]? Token) Token(ParseResult parsed, int size) =>
        Name(parsed) is "lambda" or "lambda-local" && _functions is not null ? _functions.Token(parsed, size) : (null, null);

    private string Name(ParseResult parsed) => parsed.GetValue(_on) ?? "local";
}
