using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using BoxerMpi.Launching;
using BoxerMpi.Launching.Programs;

namespace BoxerMpi.Functions.Deploying;

/// <summary>A program that is to be a function: what it is called there, and its zip.</summary>
/// <param name="Path">A project folder, a project, or an executable that needs no other files.</param>
internal sealed partial record FunctionProgram(string Path)
{
    /// <summary>Native AOT unless the program cannot be that.</summary>
    public bool ReadyToRun { get; init; }

    public string Configuration { get; init; } = "Release";

    /// <summary>Shows the build.</summary>
    public bool Verbose { get; init; }

    /// <summary>For people.</summary>
    public string ShortName =>
        System.IO.Path.GetFileNameWithoutExtension(System.IO.Path.GetFullPath(Path).TrimEnd(System.IO.Path.DirectorySeparatorChar));

    /// <summary>The name given, or boxer- and the program's.</summary>
    /// <exception cref="UsageException">Lambda takes no such name.</exception>
    public string FunctionName(string? given)
    {
        string name = given ?? "boxer-" + OtherCharacters().Replace(ShortName, "-");
        return NameForm().IsMatch(name)
            ? name
            : throw new UsageException($"--function '{name}' is not a function's name", "letters, digits, - and _; at most 64");
    }

    /// <exception cref="UsageException">Lambda has no such processor.</exception>
    public static string Architecture(string? given) => given switch
    {
        null => HostArchitecture,
        "x86_64" or "arm64" => given,
        { } other => throw new UsageException($"--arch '{other}' is none of Lambda's", "x86_64 or arm64"),
    };

    /// <summary>This machine's, in Lambda's words.</summary>
    public static string HostArchitecture =>
        RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x86_64";

    /// <summary>Publishes bootstrap and program where they have changed, and packs both.</summary>
    /// <exception cref="UsageException">It is not a program for functions.</exception>
    /// <exception cref="BuildException">It does not build.</exception>
    public byte[] Zip(string architecture)
    {
        string runtime = architecture == "arm64" ? "linux-arm64" : "linux-x64";
        BuildKind native = new(NativeAot: true, "Release") { RuntimeIdentifier = runtime };
        string bootstrap = Publish(native, BootstrapSource.Extract());
        if (ProgramResolver.Project(Path) is { } project)
        {
            BuildKind kind = ReadyToRun
                ? new BuildKind(NativeAot: false, Configuration) { RuntimeIdentifier = runtime, SelfContained = true }
                : native with { Configuration = Configuration };
            return DeploymentPackage.Make(bootstrap, Publish(kind, project), alone: false);
        }

        RankCommand built = ProgramResolver.Built(Path);
        if (built.Arguments.Count > 0)
            throw new UsageException($"{Path} needs .NET, which functions of this runtime do not have", "name its project instead");
        return DeploymentPackage.Make(bootstrap, built.File, alone: true);
    }

    private string Publish(BuildKind kind, string path) =>
        new ProjectPublisher(kind, Verbose, text => Console.Error.WriteLine("boxer: " + text)).PublishFile(path);

    [GeneratedRegex(@"^[a-zA-Z0-9-_]{1,64}\z")]
    private static partial Regex NameForm();

    [GeneratedRegex("[^a-zA-Z0-9-_]")]
    private static partial Regex OtherCharacters();
}
