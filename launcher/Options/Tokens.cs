using System.Security.Cryptography;
using BoxerMpi.Launching;
using BoxerMpi.Transport;

namespace BoxerMpi.Launcher.Options;

/// <summary>Where a job's token comes from: a file, the environment, or chance; never a command line, which others can read.</summary>
internal static class Tokens
{
    private const string Variable = "BOXER_TOKEN";

    /// <summary>The token to join with.</summary>
    /// <exception cref="UsageException">There is none, or it is not one.</exception>
    public static byte[] Read(string? file)
    {
        if (file is not null)
            return File.Exists(file)
                ? FromFile(file)
                : throw new UsageException($"--token-file {file}: there is no such file", "copy it from where boxer seed runs");
        return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text
            ? Parse(text, Variable)
            : throw new UsageException("the job's token is missing", $"give --token-file F, or set {Variable} to what boxer seed printed");
    }

    /// <summary>The coordinator's token, and whether nobody else knows it yet.</summary>
    public static (byte[] Token, bool MadeUp) ReadOrMake(string? file)
    {
        if (file is null)
        {
            return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text
                ? (Parse(text, Variable), false)
                : (RandomNumberGenerator.GetBytes(32), true);
        }

        if (File.Exists(file))
            return (FromFile(file), false);

        byte[] token = RandomNumberGenerator.GetBytes(32);
        try
        {
            using StreamWriter writer = new(PrivateFiles.Open(file, FileMode.CreateNew));
            writer.WriteLine(Convert.ToHexStringLower(token));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--token-file {file}: cannot make it ({failure.Message})", "name a file that you may write to");
        }

        return (token, false);
    }

    private static byte[] FromFile(string file)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read);
            using StreamReader reader = new(stream);
            byte[] token = Parse(reader.ReadToEnd().Trim(), $"--token-file {file}");
            return PrivateFiles.ModeForOthers(stream) is not { } mode
                ? token
                : throw new UsageException(
                    $"--token-file {file}: its mode {mode} lets others have the token, and join with it",
                    $"chmod 600 {file}; make a new token if somebody may have read it");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--token-file {file}: cannot be read ({failure.Message})", "check its owner and mode");
        }
    }

    private static byte[] Parse(string text, string where)
    {
        try
        {
            byte[] token = Convert.FromHexString(text);
            if (token.Length is >= 16 and <= 1024)
                return token;
        }
        catch (FormatException)
        {
            // The same answer as for a wrong length.
        }

        throw new UsageException($"{where} does not hold a token", "a token is 32 to 2048 hexadecimal digits, as boxer seed makes it");
    }
}
