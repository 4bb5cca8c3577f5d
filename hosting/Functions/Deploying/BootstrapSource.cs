using System.Reflection;
using System.Security.Cryptography;
using BoxerMpi.Launching;
using BoxerMpi.Transport;

namespace BoxerMpi.Functions.Deploying;

/// <summary>The project of the functions' bootstrap, which boxer carries within it.</summary>
internal static class BootstrapSource
{
    private const string Prefix = "LambdaBootstrap/";

    /// <summary>Writes the project into the user's cache, in a folder of its own for each version of it.</summary>
    /// <returns>Path of the project file.</returns>
    /// <exception cref="UsageException">The cache cannot be written.</exception>
    public static string Extract()
    {
        Assembly boxer = typeof(BootstrapSource).Assembly;
        (string Name, byte[] Content)[] files =
        [
            .. boxer.GetManifestResourceNames()
                .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(name => (name[Prefix.Length..], Read(boxer, name))),
        ];
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, byte[] content) in files)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(name));
            hash.AppendData(content);
        }

        string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
        string folder = Path.Combine(cache, "boxer", "lambda-bootstrap-" + Convert.ToHexStringLower(hash.GetHashAndReset())[..16]);
        try
        {
            PrivateFiles.EnsureFolder(folder);
            foreach ((string name, byte[] content) in files)
                WriteOnce(Path.Combine(folder, name), content);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{folder} cannot be written ({failure.Message})", "set XDG_CACHE_HOME to a folder of yours");
        }

        return Path.Combine(folder, files.Single(file => file.Name.EndsWith(".csproj", StringComparison.Ordinal)).Name);
    }

    /// <summary>A file appears complete, so that another launcher may build while this one writes.</summary>
    private static void WriteOnce(string path, byte[] content)
    {
        if (File.Exists(path))
            return;
        string partial = $"{path}.{Environment.ProcessId}";
        using (FileStream file = PrivateFiles.Open(partial, FileMode.Create))
            file.Write(content);
        File.Move(partial, path, overwrite: true);
    }

    private static byte[] Read(Assembly boxer, string name)
    {
        using Stream resource = boxer.GetManifestResourceStream(name)!;
        using MemoryStream content = new();
        resource.CopyTo(content);
        return content.ToArray();
    }
}
