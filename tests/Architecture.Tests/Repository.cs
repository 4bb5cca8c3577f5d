namespace BoxerMpi.Architecture.Tests;

/// <summary>The files of this repository as they are checked in: without build output and hidden folders.</summary>
internal static class Repository
{
    private static readonly string[] BuildOutput = ["bin", "obj", "TestResults", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Paths from the root with forward slashes, in order; of one folder when it is given and there.</summary>
    public static IReadOnlyList<string> Files(string folder, params string[] extensions)
    {
        string start = Path.Combine(Root, folder);
        if (!Directory.Exists(start))
            return [];
        List<string> files = [];
        Collect(new DirectoryInfo(start), extensions, files);
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    public static IEnumerable<SourceText> Texts(string folder, params string[] extensions) =>
        Files(folder, extensions).Select(path => new SourceText(path, Read(path)));

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static IReadOnlyList<ProjectFile> Projects() =>
        [.. Files("", ".csproj").Select(path => ProjectFile.Parse(path, Read(path)))];

    /// <summary>The folder that holds the solution, at or above <paramref name="start"/>.</summary>
    public static string FindRoot(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "BoxerMPI.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException(
            $"No folder at or above '{start}' holds BoxerMPI.sln; run the tests from a build inside the repository.");
    }

    private static void Collect(DirectoryInfo folder, string[] extensions, List<string> files)
    {
        foreach (FileInfo file in folder.EnumerateFiles())
        {
            if (extensions.Contains(file.Extension))
                files.Add(Path.GetRelativePath(Root, file.FullName).Replace('\\', '/'));
        }

        foreach (DirectoryInfo child in folder.EnumerateDirectories())
        {
            if (!child.Name.StartsWith('.') && !BuildOutput.Contains(child.Name) && child.LinkTarget is null)
                Collect(child, extensions, files);
        }
    }
}

/// <summary>A file's text and its path from the root.</summary>
internal sealed record SourceText(string Path, string Text);
