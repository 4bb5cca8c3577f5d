using System.CommandLine;

namespace BoxerMpi.Launcher.Options;

/// <summary>Parts boxer's own options from PROGRAM and its arguments, which reach the program exactly as they were written.</summary>
/// <remarks>The parser would take <c>-xC</c> or <c>--a=b</c> of the program apart, even behind PROGRAM.</remarks>
internal static class CommandTail
{
    /// <summary>The command that the first tokens name, and how many they are.</summary>
    public static (Command Command, int Depth) Find(Command root, IReadOnlyList<string> tokens)
    {
        Command found = root;
        int depth = 0;
        while (depth < tokens.Count && found.Subcommands.FirstOrDefault(command => command.Name == tokens[depth]) is { } next)
        {
            found = next;
            depth++;
        }

        return (found, depth);
    }

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
