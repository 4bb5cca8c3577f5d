using System.CommandLine;
using System.Text;

namespace BoxerMpi.Launcher.Options;

/// <summary>Options that stand behind PROGRAM and that boxer knows: they went to the program, which may know nothing of them.</summary>
internal sealed class MisplacedOptions
{
    // Programs are far smaller; what is larger is data that was named as an argument.
    private const long LargestProgramBytes = 256L << 20;

    private readonly string[] _names;

    private MisplacedOptions(string[] names) => _names = names;

    public static MisplacedOptions None { get; } = new([]);

    /// <param name="command">Whose options are meant.</param>
    /// <param name="arguments">The program's.</param>
    public static MisplacedOptions Of(Command command, IEnumerable<string> arguments)
    {
        HashSet<string> known = [.. command.Options.SelectMany(option => option.Aliases.Append(option.Name)).Where(IsLong)];
        return new(
        [
            .. arguments.TakeWhile(argument => argument != "--").Select(argument => argument.Split('=', 2)[0])
                .Where(known.Contains).Distinct(),
        ]);

        // Short ones are in so many programs that they tell nothing.
        static bool IsLong(string name) => name.StartsWith("--", StringComparison.Ordinal) && name is not ("--help" or "--version");
    }

    /// <summary>A line that says where they went; null when there are none, or when the program has options of these names.</summary>
    /// <param name="files">The program, and what else may hold its code.</param>
    public string? Line(IEnumerable<string> files)
    {
        if (_names.Length == 0)
            return null;
        byte[][] programs = [.. files.Distinct().Where(IsReadable).Select(File.ReadAllBytes)];
        string[] unknown = [.. _names.Where(name => !Array.Exists(programs, program => Holds(program, name)))];
        return unknown.Length == 0
            ? null
            : $"{string.Join(", ", unknown)} stood behind PROGRAM and went to the program; options of boxer stand before it, "
                + "and a -- before PROGRAM says that all behind it is meant for the program";
    }

    private static bool IsReadable(string path)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path) is not { Length: > 0 and < LargestProgramBytes })
                return false;
            using FileStream file = File.OpenRead(path);
            return file.CanSeek;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>As a literal of a script or of a program in C, or of one of .NET, with the dashes or without.</summary>
    private static bool Holds(ReadOnlySpan<byte> program, string name) =>
        program.IndexOf(Encoding.UTF8.GetBytes(name)) >= 0
        || program.IndexOf(Encoding.Unicode.GetBytes(name)) >= 0
        || program.IndexOf(Encoding.UTF8.GetBytes($"\0{name[2..]}\0")) >= 0;
}
