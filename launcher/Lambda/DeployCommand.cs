using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using BoxerMpi.Aws;
using BoxerMpi.Launcher.Commands;
using BoxerMpi.Launcher.Programs;

namespace BoxerMpi.Launcher.Lambda;

/// <summary><c>boxer lambda deploy</c>: a program becomes a function whose invocations are ranks.</summary>
internal sealed partial class DeployCommand : Command
{
    // Lambda's limit for what comes with the request itself; larger ones go through S3.
    private const int LongestDirectZip = 50 * 1024 * 1024;

    private readonly Argument<string> _program = new("PROGRAM") { Description = "A project folder, a .csproj, or an executable that needs no other files" };
    private readonly Option<string> _function = new("--function") { HelpName = "F", Description = "Name of the function  [default: boxer- and the program's name]" };
    private readonly Option<string> _memory = new("--memory") { HelpName = "MB", Description = "Memory, 128 to 10240; CPU grows with it  [default: 2048]" };
    private readonly Option<string> _timeout = new("--timeout") { HelpName = "S", Description = "Longest run of a rank, 1 to 900  [default: 900]" };
    private readonly Option<string> _arch = new("--arch") { HelpName = "A", Description = "x86_64 or arm64  [default: this machine's]" };
    private readonly Option<string> _role = new("--role") { HelpName = "ARN", Description = "Role to run under  [default: the function's own, else BOXER_LAMBDA_ROLE]" };
    private readonly Option<bool> _readyToRun = new("--no-aot") { Description = "For programs that cannot be Native AOT: larger, slower to start" };
    private readonly Option<string> _writeZip = new("--write-zip") { HelpName = "FILE", Description = "Also writes the zip there" };
    private readonly Option<string> _code = new("--code") { HelpName = "s3://BUCKET/KEY", Description = "Where the written zip was uploaded to, when it is above 50 MB" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Builds, and shows what would be deployed, the policy it needs, and a template" };
    private readonly Option<string> _configuration = new("--configuration", "-c") { HelpName = "NAME", Description = "Build configuration  [default: Release]" };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Shows the build" };
    private readonly LambdaOptions _lambda;

    public DeployCommand()
        : base("deploy", "Deploys a program as a function; deploys again only what has changed")
    {
        Add(_program);
        foreach (Option option in (Option[])
            [_function, _memory, _timeout, _arch, _role, _readyToRun, _writeZip, _code, _dryRun, _configuration, _verbose])
        {
            Add(option);
        }

        _lambda = new LambdaOptions(this);
        SetAction(ExecuteAsync);
    }

    private async Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string program = parsed.GetValue(_program)!;
        FunctionPlan plan = Plan(parsed, program);
        (string Bucket, string Key)? place = Place(parsed.GetValue(_code));
        string? zipFile = OptionValues.WritableFile("--write-zip", parsed.GetValue(_writeZip));

        // Before the build, which takes longer than to find out that there is no region.
        using LambdaClient lambda = _lambda.Connect(parsed);
        byte[] zip = Build(parsed, program, plan.Architecture);
        if (zipFile is not null)
            await File.WriteAllBytesAsync(zipFile, zip, cancellationToken);
        if (parsed.GetValue(_dryRun))
        {
            Show(plan, lambda.Region, zip, zipFile);
            return 0;
        }

        if (zip.Length > LongestDirectZip && place is null)
        {
            throw new UsageException(
                $"the zip has {zip.Length} bytes, and Lambda takes {LongestDirectZip} with a request",
                "leave --no-aot away; or --write-zip FILE, upload it to a bucket of the region, and deploy again with --code s3://BUCKET/KEY");
        }

        FunctionCode code = place is { } uploaded ? FunctionCode.InS3(uploaded.Bucket, uploaded.Key) : FunctionCode.Of(zip);
        string done = await Deployment.ApplyAsync(lambda, plan, code, Deployment.Sha256(zip), cancellationToken);
        Console.WriteLine($"{plan.Name} {done} ({zip.Length} bytes, {plan.MemoryMegabytes} MB, {plan.Timeout.TotalSeconds:F0} s, {plan.Architecture}, {lambda.Region})");
        return 0;
    }

    private static void Show(FunctionPlan plan, string region, byte[] zip, string? zipFile)
    {
        Console.WriteLine($"function {plan.Name} in {region}: {plan.Program}, {zip.Length} bytes of zip (SHA-256 {Deployment.Sha256(zip)}),");
        Console.WriteLine($"  {plan.MemoryMegabytes} MB, {plan.Timeout.TotalSeconds:F0} s, {plan.Architecture}, provided.al2023, role {plan.Role ?? "of the function, or BOXER_LAMBDA_ROLE"}");
        Console.WriteLine("\nPolicy of whoever deploys and launches:\n");
        Console.WriteLine(DeployTexts.Policy(region, plan.Name));
        Console.WriteLine("\nTemplate (AWS SAM) of the same function:\n");
        Console.WriteLine(DeployTexts.Template(plan, zipFile ?? "FILE-OF---write-zip"));
    }

    private FunctionPlan Plan(ParseResult parsed, string program)
    {
        string shortName = Path.GetFileNameWithoutExtension(Path.GetFullPath(program).TrimEnd(Path.DirectorySeparatorChar));
        string name = parsed.GetValue(_function) ?? "boxer-" + OtherCharacters().Replace(shortName, "-");
        if (!NameForm().IsMatch(name))
            throw new UsageException($"--function '{name}' is not a function's name", "letters, digits, - and _; at most 64");
        string host = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x86_64";
        return new FunctionPlan(name, shortName)
        {
            Architecture = parsed.GetValue(_arch) switch
            {
                null => host,
                "x86_64" or "arm64" => parsed.GetValue(_arch)!,
                { } other => throw new UsageException($"--arch '{other}' is none of Lambda's", "x86_64 or arm64"),
            },
            MemoryMegabytes = Number("--memory", parsed.GetValue(_memory), 2048, 128, 10_240),
            Timeout = TimeSpan.FromSeconds(Number("--timeout", parsed.GetValue(_timeout), 900, 1, 900)),
            Role = parsed.GetValue(_role) ?? (Environment.GetEnvironmentVariable("BOXER_LAMBDA_ROLE") is { Length: > 0 } role ? role : null),
        };
    }

    private byte[] Build(ParseResult parsed, string program, string architecture)
    {
        bool verbose = parsed.GetValue(_verbose);
        string runtime = architecture == "arm64" ? "linux-arm64" : "linux-x64";
        BuildKind native = new(NativeAot: true, "Release") { RuntimeIdentifier = runtime };
        string bootstrap = Publish(native, BootstrapSource.Extract());
        if (ProgramResolver.Project(program) is { } project)
        {
            string configuration = parsed.GetValue(_configuration) ?? "Release";
            BuildKind kind = parsed.GetValue(_readyToRun)
                ? new BuildKind(NativeAot: false, configuration) { RuntimeIdentifier = runtime, SelfContained = true }
                : native with { Configuration = configuration };
            return DeploymentPackage.Make(bootstrap, Publish(kind, project), alone: false);
        }

        RankCommand built = ProgramResolver.Built(program);
        if (built.Arguments.Count > 0)
            throw new UsageException($"{program} needs .NET, which functions of this runtime do not have", "name its project instead");
        return DeploymentPackage.Make(bootstrap, built.File, alone: true);

        string Publish(BuildKind kind, string path) =>
            new ProjectPublisher(kind, verbose, text => Console.Error.WriteLine("boxer: " + text)).PublishFile(path);
    }

    private static (string Bucket, string Key)? Place(string? text)
    {
        if (text is null)
            return null;
        Match match = PlaceForm().Match(text);
        return match.Success
            ? (match.Groups[1].Value, match.Groups[2].Value)
            : throw new UsageException($"--code '{text}' is not a place in S3", "as in --code s3://my-bucket/boxer/function.zip");
    }

    private static int Number(string option, string? text, int otherwise, int least, int most)
    {
        if (text is null)
            return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number
            : throw new UsageException($"{option} '{text}' is not a number from {least} to {most}", $"as in {option} {otherwise}");
    }

    [GeneratedRegex("^[a-zA-Z0-9-_]{1,64}$")]
    private static partial Regex NameForm();

    [GeneratedRegex("[^a-zA-Z0-9-_]")]
    private static partial Regex OtherCharacters();

    [GeneratedRegex("^s3://([^/]+)/(.+)$")]
    private static partial Regex PlaceForm();
}
