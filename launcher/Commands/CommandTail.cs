using System.CommandLine;

namespace BoxerMpi.Launcher.Commands;

/// <summary>Parts boxer's own options from PROGRAM and its arguments, which reach the program exactly as they were written.</summary>
/// <remarks>The parser would take <c>-xC</c> or <c>--a=b</c> of the program apart, even behind PROGRAM.</remarks>
internal static class CommandTail
{
    /// <summary>The tokens up to PROGRAM for the parser, and PROGRAM with what follows it.</summary>
    public static (string[] Own, string[] Program) Split(Command command, IReadOnlyList<string> tokens)
    {
        int at = 0;
        while (at < tokens.Count)
        {
            string token = tokens[at];
            if (token == "--")
                return ([.. tokens.Take(at)], [.. tokens.Skip(at + 1)]);
            if (!token.StartsWith('-') || token == "-")
                break;

            Option? option = command.Options.FirstOrDefault(option => option.Name == token || option.Aliases.Contains(token));
            at += option is { Arity.MinimumNumberOfValues: > 0 } && at + 1 < tokens.Count && tokens[at + 1] != "--" ? 2 : 1;
        }

        return ([.. tokens.Take(at)], [.. tokens.Skip(at)]);
    }
}
