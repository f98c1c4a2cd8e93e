@main enum StorageLoad { static func main() {} }
